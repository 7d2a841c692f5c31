/** The randomized tests run longer where `KONTRACT_PROVE` is set. */
export function count(usual: number, proving: number): number {
  return process.env.KONTRACT_PROVE ? proving : usual;
}
