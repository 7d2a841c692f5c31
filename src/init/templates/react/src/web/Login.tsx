import { useState } from 'react';
import { auth } from 'kontract/client';

/** Who signs needs an account. The session lasts until the page is loaded anew. */
export function Login({ onLogin }: { onLogin: () => void }) {
  const [problem, setProblem] = useState('');

  async function open(form: FormData) {
    const credentials = { email: String(form.get('email')), password: String(form.get('password')) };
    try {
      await (form.get('new') === null ? auth.login(credentials) : auth.register(credentials));
      onLogin();
    } catch (error) {
      setProblem((error as Error).message);
    }
  }

  return (
    <form action={open}>
      <input name="email" type="email" placeholder="E-mail" autoComplete="username" required />
      <input name="password" type="password" placeholder="Password" autoComplete="current-password" required />
      <label>
        <input name="new" type="checkbox" /> I am new here
      </label>
      <button>Log in to sign</button>
      {problem !== '' && <p role="alert">{problem}</p>}
    </form>
  );
}
