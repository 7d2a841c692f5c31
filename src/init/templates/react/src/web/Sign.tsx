import { useState } from 'react';
import { sign, type Entry } from '@/client';

export function Sign({ onSigned }: { onSigned: (entry: Entry) => void }) {
  const [problem, setProblem] = useState('');

  async function write(form: FormData) {
    try {
      onSigned(await sign(String(form.get('name')), String(form.get('text'))));
      setProblem('');
    } catch (error) {
      setProblem((error as Error).message);
    }
  }

  return (
    <form action={write}>
      <input name="name" placeholder="Your name" required />
      <textarea name="text" placeholder="What would you like to say?" required />
      <button>Sign</button>
      {problem !== '' && <p role="alert">{problem}</p>}
    </form>
  );
}
