//! The real schemagate against real PostgreSQL, real backends and real sockets.
//!
//! `house` has the fixtures; each other module is one concern, and each test's name is the
//! sentence that it proves. A test that fails shows the logs of every process it started.

mod house;

mod house_stands;
