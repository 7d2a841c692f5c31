import { createRoot } from 'react-dom/client';
import { Guestbook } from './Guestbook';
import './style.css';

createRoot(document.getElementById('root')!).render(<Guestbook />);
