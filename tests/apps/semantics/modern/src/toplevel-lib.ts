export default await Promise.resolve('lib');
