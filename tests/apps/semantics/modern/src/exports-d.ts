const x = 1; export { x as default, x as 'string name' };
