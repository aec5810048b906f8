//! Names that no other test uses, and the password of every test account. No I/O.

/// A name that no other test and no earlier run has used: `ada` becomes `ada-3f9c01d2`. Fits user names and Kubernetes names.
pub fn unique(name: &str) -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("{name}-{}", &id[..8])
}

/// The password of every test account.
pub const PASSWORD: &str = "correct horse battery staple";
