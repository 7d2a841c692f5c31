/** The one instance of a class whose methods are backend functions; made at its first call. */
export function __kontract_instance<Instance extends object>(service: new () => Instance): Instance {
  let instance = instances.get(service) as Instance | undefined;
  if (instance === undefined) {
    instance = new service();
    instances.set(service, instance);
  }
  return instance;
}

const instances = new WeakMap<object, object>();
