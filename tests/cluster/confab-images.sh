# Sourced: the names of the images of the working tree.
release_dir=$(release_dir)

confab_tag() { sha256sum "$release_dir/$1" | cut -c1-12; } # PROGRAM
confab_image() { echo "confab/$1:$(confab_tag "$1")"; }    # PROGRAM
