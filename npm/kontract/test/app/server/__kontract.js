export const __kontract_routes = new Map();
