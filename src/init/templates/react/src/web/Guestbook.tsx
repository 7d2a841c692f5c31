import { useEffect, useState } from 'react';
import { entries, type Entry } from '@/client';
import { Login } from './Login';
import { Sign } from './Sign';

export function Guestbook() {
  const [found, setFound] = useState<Entry[]>([]);
  const [isGuest, setGuest] = useState(true);
  const [problem, setProblem] = useState('');

  useEffect(() => {
    entries().then(setFound, (error: Error) => setProblem(error.message));
  }, []);

  return (
    <main>
      <h1>Guestbook</h1>
      {isGuest ? <Login onLogin={() => setGuest(false)} /> : <Sign onSigned={(entry) => setFound([entry, ...found])} />}
      {problem !== '' && <p role="alert">{problem}</p>}
      <ul>
        {found.map((entry) => (
          <li key={entry.id}>
            <p>{entry.text}</p>
            <small>
              {entry.name}, {entry.writtenAt.toLocaleString()}
            </small>
          </li>
        ))}
      </ul>
    </main>
  );
}
