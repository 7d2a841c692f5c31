/** How a call looks in HTTP: what clients and servers have to spell alike. */

/** Routes are called at `POST /rpc/<route>`. */
export const RPC_BASE = "/rpc";
/** The content type of calls in bytes. */
export const BYTES_TYPE = "application/x-kontract";
/** The content type of calls in JSON, and of all errors. */
export const JSON_TYPE = "application/json";
/** Where encrypted calls go. */
export const RAYSTREAM_PATH = "/raystream";
/** The content type of encrypted calls. */
export const SEALED_TYPE = "application/octet-stream";
/** The header with the hash of the contract that the caller was built with. */
export const ABI_HEADER = "x-kontract-abi";
