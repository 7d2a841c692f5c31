//! Reads, checks and writes values by the shapes of the manifest, in the binary form and as JSON:
//! byte for byte what the generated JavaScript codecs do.

pub struct RouteCodec;
