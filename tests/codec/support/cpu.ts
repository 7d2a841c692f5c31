/** Milliseconds that this process has computed: other work on the machine adds nothing to them. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
