//! Files as the compiler sees them: on disk, or in memory for tests.
