// The stock builder with the classes that flatc makes of our own schema: how a peer would use it.
// Reading gives plain objects as the others do.
import { Builder, ByteBuffer } from 'flatbuffers';

export function flatbuffersOf(generated) {
  const builder = new Builder(1024);
  const of = (type, result, read) => {
    const name = rootOf(type);
    const Root = generated[name];
    return {
      encode: (value) => {
        builder.clear();
        // Zeros and false are values here, not defaults to leave out.
        builder.forceDefaults(true);
        const offset = result(value);
        Root[`start${name}`](builder);
        Root.addResult(builder, offset);
        builder.finish(Root[`end${name}`](builder));
        return builder.asUint8Array().slice();
      },
      decode: (bytes) => read(Root[`getRootAs${name}`](new ByteBuffer(bytes))),
    };
  };
  const { Small, Article, User, Address } = generated;
  const strings = (list) => list.map((text) => builder.createString(text));
  const texts = (length, at) => Array.from({ length }, (_, index) => at(index));

  const small = (value) => {
    const id = builder.createString(value.id);
    const name = builder.createString(value.name);
    Small.startSmall(builder);
    Small.addId(builder, id);
    Small.addName(builder, name);
    Small.addAge(builder, value.age);
    Small.addActive(builder, value.active);
    Small.addScore(builder, value.score);
    return Small.endSmall(builder);
  };
  const article = (value) => {
    const [title, author, language, summary, body] = strings([value.title, value.author, value.language, value.summary, value.body]);
    const tags = Article.createTagsVector(builder, strings(value.tags));
    Article.startArticle(builder);
    Article.addTitle(builder, title);
    Article.addAuthor(builder, author);
    Article.addLanguage(builder, language);
    Article.addSummary(builder, summary);
    Article.addBody(builder, body);
    Article.addTags(builder, tags);
    return Article.endArticle(builder);
  };
  const address = (value) => {
    const [street, city, zip, country] = strings([value.street, value.city, value.zip, value.country]);
    Address.startAddress(builder);
    Address.addStreet(builder, street);
    Address.addCity(builder, city);
    Address.addZip(builder, zip);
    Address.addCountry(builder, country);
    return Address.endAddress(builder);
  };
  const user = (value) => {
    const [id, email, name, role] = strings([value.id, value.email, value.name, value.role]);
    const tags = User.createTagsVector(builder, strings(value.tags));
    const phone = value.phone === undefined ? 0 : builder.createString(value.phone);
    const bio = typeof value.bio === 'string' ? builder.createString(value.bio) : 0;
    const home = value.address === undefined ? 0 : address(value.address);
    User.startUser(builder);
    User.addId(builder, id);
    User.addEmail(builder, email);
    User.addName(builder, name);
    User.addRole(builder, role);
    User.addActive(builder, value.active);
    User.addAge(builder, value.age);
    User.addCreatedAt(builder, value.createdAt);
    User.addTags(builder, tags);
    if (phone !== 0) User.addPhone(builder, phone);
    if (bio !== 0) User.addBio(builder, bio);
    if (value.score !== undefined) User.addScore(builder, value.score);
    if (home !== 0) User.addAddress(builder, home);
    return User.endUser(builder);
  };
  const readUser = (table) => {
    const value = {
      id: table.id(), email: table.email(), name: table.name(), role: table.role(), active: table.active(), age: table.age(),
      createdAt: table.createdAt(), tags: texts(table.tagsLength(), (index) => table.tags(index)),
    };
    const [phone, bio, score, home] = [table.phone(), table.bio(), table.score(), table.address()];
    if (phone !== null) value.phone = phone;
    if (bio !== null) value.bio = bio;
    if (score !== null) value.score = score;
    if (home !== null) value.address = { street: home.street(), city: home.city(), zip: home.zip(), country: home.country() };
    return value;
  };
  const vectorOf = (type) => generated[rootOf(type)];

  return {
    small: of('small', small, (root) => {
      const table = root.result();
      return { id: table.id(), name: table.name(), age: table.age(), active: table.active(), score: table.score() };
    }),
    article: of('article', article, (root) => {
      const table = root.result();
      return {
        title: table.title(), author: table.author(), language: table.language(), summary: table.summary(), body: table.body(),
        tags: texts(table.tagsLength(), (index) => table.tags(index)),
      };
    }),
    user: of('user', user, (root) => readUser(root.result())),
    users: of('users', (list) => vectorOf('users').createResultVector(builder, list.map(user)), (root) =>
      texts(root.resultLength(), (index) => readUser(root.result(index))),
    ),
    numbers: of('numbers', (list) => vectorOf('numbers').createResultVector(builder, list), (root) => Array.from(root.resultArray())),
  };
}

function rootOf(type) {
  return `${type[0].toUpperCase()}${type.slice(1)}Response`;
}
