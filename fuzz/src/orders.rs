//! What operators order: through the control API, and in files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use schemagate::config::Config;
use schemagate::desk::{Desk, DeskError, NewBypass, NewHold, NewWindow};
use schemagate::live::{GateReader, live};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// A desk whose orders are in nobody's way: there is no writer to put them in force.
fn reader(control: &str) -> GateReader {
    let text = format!(
        r#"
        [databases.main]
        url = "sqlite:absent.db"
        [upstreams.api]
        servers = ["127.0.0.1:1"]
        [requirements.orders]
        tables = ["orders"]
        [[routes]]
        name = "orders"
        path = "/orders/*"
        needs = ["orders"]
        [control]
        {control}
        "#
    );
    let config = Config::parse(&text, Path::new("proxy.toml"), &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    live(Arc::new(config)).0
}

/// The body of a POST to the control API, as each kind of order: it is taken and can be ended, or refused with a reason.
pub fn order(data: &[u8]) {
    struct Scene {
        desk: Desk,
        runtime: Runtime,
    }
    static SCENE: LazyLock<Scene> = LazyLock::new(|| {
        // Nothing can be written there, so that no disk is waited for.
        let (desk, _) = Desk::open(reader("state = \"/dev/null/state.json\""));
        Scene { desk, runtime: Builder::new_current_thread().build().expect("a runtime") }
    });
    let Scene { desk, runtime } = &*SCENE;
    runtime.block_on(async {
        if let Ok(asked) = serde_json::from_slice::<NewBypass>(data)
            && let Some(taken) = taken(desk.bypass_on(asked, "fuzz").await)
        {
            desk.bypass_off(&taken.order.id, "fuzz").await.expect("what was taken can be ended");
        }
        if let Ok(asked) = serde_json::from_slice::<NewWindow>(data)
            && let Some(taken) = taken(desk.open_window(asked, "fuzz").await)
        {
            desk.cancel_window(&taken.order.id, "fuzz").await.expect("what was taken can be ended");
        }
        if let Ok(asked) = serde_json::from_slice::<NewHold>(data)
            && let Some(taken) = taken(desk.hold(asked, "fuzz").await)
        {
            desk.hold_off(&taken.order.id, "fuzz").await.expect("what was taken can be ended");
        }
        let left = desk.orders().await;
        assert!(left.bypasses.is_empty() && left.windows.is_empty() && left.holds.is_empty(), "{left:?}");
    });
}

fn taken<T>(result: Result<T, DeskError>) -> Option<T> {
    if let Err(error) = &result {
        assert!(!error.to_string().is_empty(), "a refusal without a reason");
    }
    result.ok()
}

/// The control file and the state file, separated by NUL: the desk opens, whatever is in them.
pub fn desk_files(data: &[u8]) {
    struct Scene {
        _folder: TempDir,
        control: PathBuf,
        state: PathBuf,
        reader: GateReader,
        runtime: Runtime,
    }
    static SCENE: LazyLock<Scene> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let [control, state] = ["control.toml", "state.json"].map(|name| folder.path().join(name));
        let reader = reader(&format!("file = \"{}\"\nstate = \"{}\"", control.display(), state.display()));
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        Scene { _folder: folder, control, state, reader, runtime }
    });
    let scene = &*SCENE;
    let mut parts = data.splitn(2, |byte| *byte == 0);
    for path in [&scene.control, &scene.state] {
        fs::write(path, parts.next().unwrap_or_default()).expect("a file");
    }
    let (desk, _) = Desk::open(scene.reader.clone());
    scene.runtime.block_on(async {
        let _ = serde_json::to_string(&desk.orders().await).expect("orders can be told");
        let _ = serde_json::to_string(&desk.history().await).expect("deeds can be told");
    });
    // A state that cannot be understood is put aside.
    let _ = fs::remove_file(scene.state.with_extension("json.damaged-1"));
}
