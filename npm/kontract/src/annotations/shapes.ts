// What an annotation may be applied to. Each shape is callable by both decorator
// flavours: the standard one passes (value, context), `experimentalDecorators`
// passes (target, key, descriptor) or, for a parameter, (target, key, index).

/** Any function. */
export type AnyFunction = (...args: never[]) => unknown;

/** An annotation on a class method, static or not. */
export interface MethodAnnotation {
  (value: AnyFunction, context: ClassMethodDecoratorContext): void;
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): void;
}

/** An annotation on a class field. */
export interface FieldAnnotation {
  (value: undefined, context: ClassFieldDecoratorContext): void;
  (target: object, key: string | symbol): void;
}

/** An annotation on a class field or, with `experimentalDecorators`, on a parameter. */
export interface ScalarAnnotation extends FieldAnnotation {
  (target: object, key: string | symbol | undefined, parameterIndex: number): void;
}

/** An annotation on a class. */
export interface ClassAnnotation {
  (target: object, context?: ClassDecoratorContext): void;
}

/** Annotations are read by the compiler; at run time they do nothing. */
export function ignored(): void {}
