//! A new file among the migrations is a change of the program too, which has them in it.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
