export default { sessionTtlSeconds: 60 };
