# Looks whether a folder holds the model whose manifest is pinned, whole: before an application starts, and as the user that it runs as.
#
#   sh -c "$program" check-image <model> <folder> <sha256:… or nothing>
#
# Bytes are not hashed: they rest on the digest of the image, which the container runtime checked. Exit codes are those of
# the transfer program: 65 another model or not all of it, 66 not there or not readable.
set -u
export LC_ALL=C
model=$1 folder=$2 digest=$3
manifest=$folder/manifest.sha256 description=$folder/model.json

# <exit code> <text>
die() {
  printf 'model %s: %s (exit %s)\n' "$model" "$2" "$1" >&2
  exit "$1"
}

as_user="as user $(id -u) of group $(id -g)"
if [ ! -r "$manifest" ] || [ ! -r "$description" ]; then
  said=$({ head -c 1 "$manifest" && head -c 1 "$description"; } 2>&1 > /dev/null)
  case $said in
    *'ermission denied'*) die 66 "$folder can't be read $as_user: the application would not read it either; it must run as the user and the group that the image's process has, and files must be readable for all ($said)" ;;
    *) die 66 "$folder holds no manifest.sha256 and model.json: is it the image of a model, and its folder? ($said)" ;;
  esac
fi
found=sha256:$(sha256sum < "$manifest" | cut -c 1-64)
[ "$found" = "${digest:-$found}" ] || die 65 "$manifest has the digest $found, pinned is $digest: this is the image of another model, or of another version"

total=$(tr '\n' ' ' < "$description" | sed -n 's/.*"totalBytes"[[:space:]]*:[[:space:]]*\([0-9][0-9]*\)[[:space:]]*[,}].*/\1/p') # as the transfer program reads it
[ -n "$total" ] || die 65 "$description has no totalBytes"

files=0 bytes=0
# <file...>: adds their sizes, of what links lead to.
add_sizes() {
  [ "$#" -gt 0 ] || return 0
  # shellcheck disable=SC2012 # only the column of sizes is read
  bytes=$((bytes + $(ls -lnL "$@" | { sum=0; while read -r _ _ _ _ size _; do sum=$((sum + size)); done; printf %s "$sum"; })))
}
set --
while IFS= read -r line || [ -n "$line" ]; do
  name=${line#*  } files=$((files + 1))
  [ -f "$folder/$name" ] || die 65 "$folder/$name is missing, no file, or out of reach $as_user: not all of the model is in the image, or a folder has not mode 0555"
  [ -r "$folder/$name" ] || die 66 "$folder/$name can't be read $as_user: files of a model image must have mode 0444"
  [ "$name" = model.json ] || set -- "$@" "$folder/$name"
  [ "$#" -lt 200 ] || { add_sizes "$@" && set --; } # an argument list has its limit
done < "$manifest"
add_sizes "$@"
present=$(($(find "$folder/" ! -type d | wc -l)))
[ "$present" = "$((files + 1))" ] || die 65 "$folder holds $present files, and manifest.sha256 names $files beside itself: something is in the image that was not published"
[ "$bytes" = "$total" ] || die 65 "the files in $folder hold $bytes bytes, model.json says $total: not all of the model is in the image"
printf 'model %s: %s files, %s bytes, %s\n' "$model" "$files" "$bytes" "$found"
