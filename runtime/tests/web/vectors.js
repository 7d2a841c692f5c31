// What Node's WebCrypto answers.
const VECTORS = {
  "digest": {
    "SHA-1": [
      "da39a3ee5e6b4b0d3255bfef95601890afd80709",
      "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
    ],
    "SHA-256": [
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592"
    ],
    "SHA-384": [
      "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
      "ca737f1014a48f4c0b6dd43cb177b0afd9e5169367544c494011e3317dbf9a509cb1e5dc1e85a941bbee3d7f2afbc9b1"
    ],
    "SHA-512": [
      "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
      "07e547d9586f6a73f73fbac0435ed76951218fb7d0c8d788a309d785436bbb642e93a252a954f23912547d1e8a3b5ed6e1bfd7097821233fa0538f3db854fee6"
    ]
  },
  "hmac": {
    "SHA-1": "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9",
    "SHA-256": "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
    "SHA-384": "d7f4727e2c0b39ae0f1e40cc96f60242d5b7801841cea6fc592c5d3e1ae50700582a96cf35e1e554995fe4e03381c237",
    "SHA-512": "b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb82f948a549f7b791a5b41915ee4d1ec3935357e4e2317250d0372afa2ebeeb3a"
  },
  "gcm": [
    [
      "000102030405060708090a0b0c0d0e0f",
      "fffefdfcfbfaf9f8f7f6f5f4",
      "",
      "",
      "5b8ac98ff1be2ccbc81397d626d31b9e"
    ],
    [
      "000102030405060708090a0b0c0d0e0f",
      "fffefdfcfbfaf9f8f7f6f5f4",
      "aad",
      "plain text of some length",
      "df7cbde49e28a9e28e08a1b739719eaa1662859dbbc81931681a06c6a60917d35d13c1d1dd5f96ac1f"
    ],
    [
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
      "fffefdfcfbfaf9f8f7f6f5f4",
      "",
      "",
      "edcdb0cc84bbbf3339229a43699b5929"
    ],
    [
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
      "fffefdfcfbfaf9f8f7f6f5f4",
      "aad",
      "plain text of some length",
      "06826ee486161fe21fbdced6cce1e6b4f41a674113991b607640cd8a20f46adad4c510d56cbf9a38af"
    ]
  ],
  "pbkdf2": [
    [
      "SHA-1",
      "salt",
      1,
      160,
      "0c60c80f961f0e71f3a9b524af6012062fe037a6"
    ],
    [
      "SHA-1",
      "NaCl",
      1000,
      512,
      "972cb30859405299335490ca28f4a5d4fc891ab9aeb3eddd5c4750949095d8aa23eec59e4add4cb3dee56ceb3c5645cfad74fa11e1883f41ad59687375ea601b"
    ],
    [
      "SHA-256",
      "salt",
      1,
      160,
      "120fb6cffcf8b32c43e7225256c4f837a86548c9"
    ],
    [
      "SHA-256",
      "NaCl",
      1000,
      512,
      "67dbcc78548a75328f6890125bec2c59876e8de2e4c92c99b201872a760e2aec07f928a3644f76386289fbada724473dcb945051de19b134d930b52b358f51d3"
    ],
    [
      "SHA-384",
      "salt",
      1,
      160,
      "c0e14f06e49e32d73f9f52ddf1d0c5c719160923"
    ],
    [
      "SHA-384",
      "NaCl",
      1000,
      512,
      "47776ec4520d3e79ac411e5b41e962c7f166aff3c1598c9bfdaecf6c484f60f2dff20f261b0662986896853233b534312c350e32265a6bc3c631653f7c0780e4"
    ],
    [
      "SHA-512",
      "salt",
      1,
      160,
      "867f70cf1ade02cff3752599a3a53dc4af34c7a6"
    ],
    [
      "SHA-512",
      "NaCl",
      1000,
      512,
      "6d3d85ab0b2085ce9b31b6737517900170be315ba6ed538e6f924b3588c66e9763210c9873672c557f4bbf5b967fdca3d63f275e7bf95caf123dba674de3bf4b"
    ]
  ],
  "hkdf": [
    [
      "SHA-1",
      "",
      "",
      128,
      "7241733aa88c791e52976d56e33a5ccc"
    ],
    [
      "SHA-1",
      "salt",
      "info",
      1024,
      "6a081dab87a8a9188fd19dc66e9c428e0f80e487ff2d3ac4c863736a84e7052d9fdc9bf57ffb98f38e0f0cdbe6be6c6c3588610272d7f54b0073dbe4baf876394ec43a5f33cd33ac170138c70bf343c1e408c8a28397bbf5f1875e4fa8ade276e3b4959b1796f443585e164de6b6eea86d1515372cba0d860aa4cbbce41f7091"
    ],
    [
      "SHA-256",
      "",
      "",
      128,
      "2f34e5ff91ec85d53ca9b543683174d0"
    ],
    [
      "SHA-256",
      "salt",
      "info",
      1024,
      "f6d2fcc47cb939deafe3853a1e641a27e6924aff7a63d09cb04ccfffbe4776efdda39ae362b1346092d8cb4ee3f0ea74b84000e40066194ffca55d2128aa6c1a7bafe506fa70308aceeceb0a8699f83ac97598156ca7531021f30dd9220523c1b178a22ac4440f24f855115f56b93eea5a5cb8010a666dda503b456fa063ad39"
    ],
    [
      "SHA-384",
      "",
      "",
      128,
      "1fa8fdcf7c222899526f4fd5d9119ab9"
    ],
    [
      "SHA-384",
      "salt",
      "info",
      1024,
      "29c042775183ec5dbc2c085eb49502b15d9e8abe4a4c1ef98e8e0fb95ad5f6a9fa0e85c3523ecd2f61559c763355e2f2dfed63026045c7a7b9c55a558ccab4807691a096e509089499ede615913c1e8a0be4892aa300a28d570eddcf87707de249644ed7b277fd1a85ad84596e0e38e9310d4838d942e2ba494e7f48d099fdfe"
    ],
    [
      "SHA-512",
      "",
      "",
      128,
      "ce251b8403130b6b2b54721a86eb1af5"
    ],
    [
      "SHA-512",
      "salt",
      "info",
      1024,
      "90e269f053d383c4b2070be93238adf358f3d67bd7b17ca3de95f10a50a8385e66d8241c8c22c91cee75d7bda92e8111236b71b63c8f05973947428074d272f073de7d106ca1b6f5beeb22fc785a81666a9f00c675fdb5616858d14f472907a57fe282bb3832a76799fe4e1e2bda0aa33402f4d52ded8f65b91bd8248a034949"
    ]
  ]
};
