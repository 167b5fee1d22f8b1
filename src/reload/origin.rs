//! Where the configuration comes from.

use std::path::PathBuf;

use crate::config::{Arguments, Config, ConfigErrors};

/// Where the configuration comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// The command line.
    Arguments(Arguments),
}

impl Origin {
    /// Reads the configuration; in `read`, all files that this took, or that were missing for it.
    pub fn read(&self, read: &mut Vec<PathBuf>) -> Result<Config, ConfigErrors> {
        match self {
            Self::File(path) => {
                read.push(path.clone());
                Config::load_noting(path, read)
            }
            Self::Arguments(arguments) => Config::from_arguments_noting(arguments, read),
        }
    }
}
