import "./api.js";
export { __kontract_routes } from "./__kontract.js";
export { default as __kontract_auth } from "./auth.js";
