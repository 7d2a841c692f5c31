import { defineMiddleware, mwfilter } from "kontract";
import { __kontract_chain } from "kontract/runtime";
const __kontract_middleware = defineMiddleware([
  async (ctx, next) => {
    const result = await next();
    return { wrapped: result, path: ctx.path };
  },
  mwfilter({ egroup: "closed" }, async () => {}),
]);
export default __kontract_middleware;
export const __chain_0 = __kontract_chain(__kontract_middleware, [0]);
export const __chain_1 = __kontract_chain(__kontract_middleware, [1]);
