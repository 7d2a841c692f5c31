const Comp = ({ children, ...p }: any) => ({ comp: p, children }); const ns = { Inner: Comp }; const spread = { s: 1 };
console.log(JSON.stringify(<div className="a" data-x='1' on={() => 1} b><Comp key="k" {...spread} a={1}>text {'expr'} &amp; &nbsp;&#65; more</Comp><ns.Inner/> <></> <><b/>{null}{...[1]}</></div>));
console.log(JSON.stringify(<p>
  line one
  line two {/* comment */}
  <i>x</i>
</p>));
const G = <T,>(x: T) => <Comp<T> x={x} />; console.log(JSON.stringify(G(1)), JSON.stringify(<div {...spread} key="after" />), JSON.stringify(<a-b c:d="e" />));
console.log(JSON.stringify(<div>{}</div>), JSON.stringify(<div title="a&quot;b
c" alt='"' />), JSON.stringify(<Comp>{[<i key={1}/>]}</Comp>));
