# The layers of a model image: archives that are the same, byte for byte, whenever and wherever they are made of the same files.

# <folder with `models` in it> <file of "layer<tab>path" lines> <layer> <archive>
write_layer() {
  LC_ALL=C awk -F '\t' -v layer="$3" '
    $1 == layer {
      path = "models/" substr($0, length($1) + 2); file[++files] = path; depth = split(path, part, "/"); folder = ""
      for (i = 1; i < depth; i++) { folder = folder part[i] "/"; if (!(folder in seen)) { seen[folder] = 1; print folder } }
    }
    END { for (i = 1; i <= files; i++) print file[i] }' "$2" > "$4.names"
  # Nothing of this machine is in it: neither owners nor times, nor how the files came to be linked.
  LC_ALL=C tar --create --file="$4" --directory="$1" --format=gnu --blocking-factor=1 --no-recursion --no-wildcards --verbatim-files-from --files-from="$4.names" \
    --dereference --hard-dereference --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=a=rX
}

# <folder>: "size<tab>path" for each file in it.
list_files() {
  (cd "$1" && LC_ALL=C find . -type f -printf '%s\t%P\n')
}

# <folder>: what is neither file nor folder. A link could lead out of the image, or nowhere.
foreign_entries() {
  (cd "$1" && LC_ALL=C find . ! -type f ! -type d)
}
