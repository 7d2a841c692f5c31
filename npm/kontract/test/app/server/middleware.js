import { defineMiddleware, mwfilter } from "kontract";
import { __kontract_around, __kontract_refuse } from "kontract/runtime";
const __kontract_middleware = defineMiddleware([
  async (ctx, next) => {
    const result = await next();
    return { wrapped: result, path: ctx.path };
  },
  mwfilter({ egroup: "closed" }, async () => {}),
]);
export default __kontract_middleware;
const __kontract_1 = __kontract_around(__kontract_middleware, 1);
export async function __chain_0(context, body) {
  let result, answered = false;
  {
    let returned;
    mw0: {
      let ctx = context;
      answered = true;
      result = await body();
      returned = { wrapped: result, path: ctx.path };
      break mw0;
    }
    if (returned !== void 0 && (returned = await returned) !== void 0) {
      result = returned;
      answered = true;
    }
  }
  if (!answered) __kontract_refuse();
  return result;
}
export async function __chain_1(context, body) {
  let result, answered = false;
  {
    const returned = await __kontract_1(context, async () => {
      answered = true;
      result = await body();
      return result;
    });
    if (returned !== void 0) {
      result = returned;
      answered = true;
    }
  }
  if (!answered) __kontract_refuse();
  return result;
}
