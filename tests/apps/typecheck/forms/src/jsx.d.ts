declare namespace JSX {
  interface Element { readonly tag: string }
  interface IntrinsicElements { p: { title: string; children?: string } }
}
