// Node prints the same: `console.txt` is its output.
console.log("plain", 1, -0, 5n, true, null, undefined, Symbol("s"));
console.log("%s is %d and %i, %f, %j, %o, %O, %%, %c.", "text", "42", 3.9, "1.5", { a: 1 }, { o: 1 }, { b: { c: {} } }, "color: red", "rest");
console.log("%s", { toString: () => "x" }, "more");
console.log("100%%");
console.log({ a: 1, b: "two", c: [1, 2, 3], d: { e: { f: { g: 1 } } }, "not-id": 1, [Symbol("k")]: 2 });
console.log([], {}, [undefined, null], [, 1, , ,], [[[[]]]], [[[[1]]]]);
console.log(["lone \ud800"], "lone \ud800".length);
console.log("it's", ["it's", 'say "hi"', "both ' and \"", "line\nbreak\t\\ \x01"]);
console.log(new Map([["k", { v: 1 }], [{}, 2]]), new Set([1, "a"]), new Map());
console.log(new Date(0), /a\/b/g, [new Date(NaN)], Object.create(null), [Object.create({})]);
console.log([function named() {}, () => {}, async () => {}, class A {}, class extends Object {}, Math.max]);
console.log({ get a() { throw 1; }, set a(v) {}, get b() { throw 1; }, set c(v) {} });
console.log(new Uint8Array([1, 2]), [new Float64Array(1)]);
class Point { x = 1; constructor() { this.self = this; } }
const list = [1]; list.extra = "e";
console.log(list, [new (class Empty {})()], { a: { b: { c: { d: 1 } } } });
console.log({ long: "a".repeat(30), other: "b".repeat(30), third: "c".repeat(30) });
console.log(["x".repeat(80)]);
console.info("info");
console.debug("debug");
console.log("a\nb");
console.group("group");
console.log("inside\nsecond");
console.group();
console.log({ deep: [1] });
console.groupEnd();
console.groupEnd();
console.log("outside");
console.count();
console.count("x");
console.count();
console.countReset();
console.count();
console.dir({ a: { b: { c: { d: {} } } } }, { depth: 0 });
class Money { toString() { return "5 €"; } }
console.log("%s %s %s %s", new Money(), new Date(0), [1, [2, [3]]], { a: { b: 1 } });
