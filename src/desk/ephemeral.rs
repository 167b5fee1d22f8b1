//! Disks that do not outlive the process.

use std::fs;
use std::path::{Path, PathBuf};

/// Platforms that give an instance a disk of its own and take it away with the instance, by a variable that
/// each sets; a volume that is mounted stays.
const PLATFORMS: [(&str, &str); 6] = [
    ("K_SERVICE", "Cloud Run"),
    ("RENDER", "Render"),
    ("KUBERNETES_SERVICE_HOST", "Kubernetes"),
    ("DYNO", "Heroku"),
    ("FLY_APP_NAME", "Fly.io"),
    ("ECS_CONTAINER_METADATA_URI_V4", "Amazon ECS"),
];

/// File systems that lie in memory.
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// Why what is written to `path` will be gone; `None`: nothing says so.
pub(super) fn why(path: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let absolute = std::path::absolute(path).ok()?;
    let folder = absolute.parent().map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))?;
    why_by(&mounts, &folder, &|name| std::env::var_os(name).is_some())
}

fn why_by(mounts: &str, folder: &Path, is_set: &dyn Fn(&str) -> bool) -> Option<String> {
    let mount = mounts.lines().filter_map(Mount::parse).filter(|mount| folder.starts_with(&mount.on));
    // The last of equals hides the ones before it.
    let mount = mount.max_by_key(|mount| mount.on.components().count());
    if let Some(mount) = mount.as_ref().filter(|mount| IN_MEMORY.contains(&&*mount.kind)) {
        return Some(format!("{} lies in memory ({})", mount.on.display(), mount.kind));
    }
    let volume = mount.is_some_and(|mount| mount.on != Path::new("/"));
    let platform = PLATFORMS.iter().find(|(variable, _)| is_set(variable)).filter(|_| !volume)?;
    Some(format!("{} takes the disk away with the instance", platform.1))
}

/// A line of `/proc/self/mounts` (proc(5), fstab(5)).
struct Mount {
    on: PathBuf,
    kind: String,
}

impl Mount {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(' ').skip(1);
        let (on, kind) = (fields.next()?, fields.next()?);
        Some(Self { on: on.replace("\\040", " ").into(), kind: kind.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "overlay / overlay rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/sdb /data ext4 rw 0 0\n\
                          tmpfs /my\\040disk tmpfs rw 0 0\n";

    #[test]
    fn memory_is_told_from_a_disk_and_a_volume_from_an_instances_own() {
        let on = |folder: &str, set: &'static str| why_by(MOUNTS, Path::new(folder), &move |name| name == set);
        assert_eq!(on("/etc/schemagate", ""), None);
        assert!(on("/run/schemagate", "").expect("memory").contains("/run lies in memory"));
        assert!(on("/my disk", "").is_some());
        assert!(on("/etc", "K_SERVICE").expect("a platform").contains("Cloud Run"));
        assert!(on("/etc", "DYNO").expect("a platform").contains("Heroku"));
        assert_eq!(on("/data/state", "RENDER"), None);
        assert!(on("/run", "RENDER").expect("memory").contains("memory"));
    }
}
