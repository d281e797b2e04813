# Fetches with cp, out of a folder of the image that this program runs in: no network, no region and no credentials.
# One file at a time and through links: a file that a link of a hub's cache leads to is a file of the model.

fetch_source='/folder/'
fetch_missing="not in the image, or not readable for this user: build it with the model's files and their manifest, mode 0444, in that folder"
fetch_region=''
fetch_batch_limit=500
fetch_error_prefix='^$'
# Decisive first: <class> <pattern>, as coreutils and busybox say it.
fetch_errors='space No space left on device|Disk quota exceeded
missing No such file or directory|Not a directory
denied Permission denied'

is_source() {
  case $1 in /?*/) ;; *) return 1 ;; esac
}

choose_credentials() { :; }
wait_for_credentials() { :; }
fetch_prepare() { export LC_ALL=C; } # its messages are read

# <path> <file name in the current folder>
fetch_object() {
  limited "$attempt_limit" cp -L "$1" "$2"
}

# <file of "path file-name" lines, none of which needs quotes>
fetch_batch() {
  # shellcheck disable=SC2016 # for the shell that runs it
  limited "$attempt_limit" sh -c 'while read -r path file; do cp -L "$path" "$file" || exit; done' sh < "$1"
}
