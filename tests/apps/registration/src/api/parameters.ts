// Names of parameters that stubs and handlers use themselves.
import { backend } from 'kontract';

interface Pair { a: number; b: number }
@backend() export function taken(options: number, callOptions: number): string { return `taken ${options} ${callOptions}`; }
@backend() export function all(options: number, callOptions: number, kontractOptions: number): string { return `all ${options} ${callOptions} ${kontractOptions}`; }
@backend() export function ownNamed(ownNamed: number, ctx: number): string { return `ownNamed ${ownNamed} ${ctx}`; }
@backend() export function destructured({ a, b }: Pair, arg0: number, [c]: number[], a1: number): string { return `destructured ${a} ${b} ${arg0} ${c} ${a1}`; }
@backend() export function rest(args: number, ...options: number[]): string { return `rest ${args} ${options}`; }
@backend() export function api(x: number): string { return `api ${x}`; }
@backend() export function élan(été: number): string { return `élan ${été}`; }
@backend() export function $(_: number, $: number): string { return `$ ${_} ${$}`; }
