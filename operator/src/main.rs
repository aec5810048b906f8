//! The operator's entry.
mod crd;
fn main() {
    print!("{}", serde_yaml::to_string(&crd::definition()).expect("yaml"));
}
