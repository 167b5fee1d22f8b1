//! The configurations in `deploy/kubernetes`; what is around them is checked by `make kubernetes`.

use std::fs;
use std::path::Path;

use crate::house::{Run, schemagate};

#[test]
fn each_configuration_of_the_manifests_loads_without_a_warning() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kubernetes");
    for variant in ["base", "decisions", "sidecar"] {
        let folder = tempfile::tempdir().expect("a folder");
        let text = fs::read_to_string(home.join(variant).join("proxy.toml")).expect("the configuration");
        // Where the ConfigMap is mounted.
        let text = text.replace("/etc/schemagate/control", &folder.path().display().to_string());
        fs::write(folder.path().join("proxy.toml"), text).expect("written");
        fs::copy(home.join("base/control.toml"), folder.path().join("control.toml")).expect("copied");
        let mut command = schemagate();
        command.args(["check"]).current_dir(folder.path());
        command
            .env("DATABASE_URL", "postgres://app@127.0.0.1/app")
            .env("ADMIN_TOKEN", "0123456789abcdef0123456789abcdef");
        let run = Run::command(&mut command).expect(0);
        assert!(!run.output().contains("warning"), "{variant}: {}", run.output());
    }
}
