# What is right: the manifest's form, the hash of every file, and the count and size of the whole.

hasher=''

# The slowest hasher is four times slower than the fastest, and which one is slow differs from image to image.
choose_hasher() {
  [ -z "$hasher" ] || return 0
  hasher=sha256sum
  command -v openssl > /dev/null || return 0
  head -c 8388608 /dev/zero > "$state/probe"
  [ "$(hash_time sha256sum)" -le "$(hash_time openssl)" ] || hasher=openssl
  rm -f "$state/probe"
}

# <hasher>: hundredths of a second for the probe
hash_time() {
  hasher=$1
  IFS='. ' read -r _seconds _parts _ < /proc/uptime
  _from=$((_seconds * 100 + 1$_parts - 100))
  hash_files "$state/probe" > /dev/null 2>&1 || { echo 999999; return 0; }
  IFS='. ' read -r _seconds _parts _ < /proc/uptime
  echo "$((_seconds * 100 + 1$_parts - 100 - _from))"
}

# <file...>: "<hash> <file>" lines. A deadline of its own: a disk may hang too.
hash_files() {
  case $hasher in
    openssl) timeout -k 5 "$hash_limit" openssl dgst -sha256 -r "$@" ;;
    *) timeout -k 5 "$hash_limit" sha256sum "$@" ;;
  esac
}

# <file>: its hash alone
hash_of() {
  hash_line=$(hash_files "$1") || return 1
  printf '%s' "${hash_line%% *}"
}

# <manifest>: why it is refused, on stdout; nothing where it's good. Names become paths: none may leave the folder.
manifest_faults() {
  [ -s "$1" ] || { echo 'it is empty'; return 0; }
  if [ "$(LC_ALL=C tr -d '\000-\011\013-\037\177' < "$1" | wc -c)" != "$(wc -c < "$1")" ]; then
    echo 'it holds control characters'
    return 0
  fi
  LC_ALL=C awk '
    function refuse(why) { if (!refused) print "line " NR " " why; refused = 1; exit }
    {
      sum = substr($0, 1, 64); name = substr($0, 67)
      if (length(sum) != 64 || sum ~ /[^0-9a-f]/ || substr($0, 65, 2) != "  " || name == "") refuse("is not a SHA-256, two blanks and a path")
      if (index(name, "\\")) refuse("holds a backslash: " name)
      if (name ~ /^\//) refuse("is an absolute path: " name)
      path = "/" name "/"
      if (index(path, "//") || index(path, "/./") || index(path, "/../")) refuse("leaves the folder or has an empty segment: " name)
      if (name == "manifest.sha256") refuse("names the manifest itself")
      if (name in seen) refuse("repeats " name)
      seen[name] = 1; names[NR] = name
    }
    END {
      if (refused) exit
      if (!("model.json" in seen)) { print "it has no line for model.json"; exit }
      for (i = 1; i <= NR; i++) for (path = names[i]; sub(/\/[^\/]*$/, "", path);) if (path in seen) { print "it has " path " as a file and as a folder"; exit }
    }' "$1"
}

# <list>: moves what landed and is right into $verified, tells its size, and leaves the rest in the list. A file that
# is wrong is fetched again once; the second time it is the bucket that holds other bytes than were published.
accept_landed() {
  (cd "$landing" && set -- ./*.file && [ -e "$1" ] && hash_files "$@") > "$scratch.hashes" 2> /dev/null || :
  (cd "$landing" && set -- ./*.file && [ -e "$1" ] && LC_ALL=C ls -ln "$@") > "$scratch.sizes" 2> /dev/null || :
  LC_ALL=C awk -v hashes="$scratch.hashes" -v sizes="$scratch.sizes" '
    BEGIN {
      while ((getline line < hashes) > 0) { file = substr(line, 65); sub(/^[ *]*[.]\//, "", file); hash[file] = substr(line, 1, 64) }
      while ((getline line < sizes) > 0) { parts = split(line, part, " "); file = part[parts]; sub(/^[.]\//, "", file); size[file] = part[5] }
    }
    { file = NR ".file"; print (file in hash) ? hash[file] : (file in size) ? "unreadable" : "-", (file in size) ? size[file] : 0, $0 }' "$1" > "$scratch.landed"
  : > "$scratch.rest"
  accepted=0 place=0 refused=$class
  while IFS= read -r line; do
    place=$((place + 1))
    found=${line%% *} line=${line#* } size=${line%% *} line=${line#* }
    expected=${line%%  *} name=${line#*  }
    if [ "$found" = "$expected" ]; then
      case $name in */*) [ -d "$verified/${name%/*}" ] || mkdir -p "$verified/${name%/*}" ;; esac
      mv -f "$landing/$place.file" "$verified/$name" || fail 70 "cannot move $name into $verified"
      [ "$name" = model.json ] || accepted=$((accepted + size)) # the declared size is that of the rest
      continue
    fi
    printf '%s\n' "$line" >> "$scratch.rest"
    if [ "$found" = unreadable ]; then
      class=unreadable reason="what landed can't be read back, or not within $hash_limit s"
      continue
    fi
    if [ "$found" = - ]; then # not there; or the downloader compared a checksum of its own
      [ "$refused" = mismatch ] || continue
      found='refused by the downloader'
    fi
    while IFS= read -r wrong; do
      [ "$wrong" != "$name" ] || fail_source 65 "$name has sha256 $found, the manifest says $expected, twice: the object is not what was published; publish the model under a new version ($source$name)"
    done < "$scratch.wrong-once"
    printf '%s\n' "$name" >> "$scratch.wrong-once"
    [ -n "$class" ] || class=mismatch reason="sha256 $found, the manifest says $expected"
  done < "$scratch.landed"
  mv -f "$scratch.rest" "$1"
  [ "$accepted" = 0 ] || printf 'landed %s\n' "$accepted" >&3
}

# <list>: of its files in $checked, the lines of those that are right, to $checked_into.<worker>.
check_list() {
  check=$1
  set --
  while IFS= read -r line; do
    if [ -f "$checked/${line#*  }" ] && [ ! -L "$checked/${line#*  }" ]; then set -- "$@" "./${line#*  }"; fi
  done < "$check"
  [ "$#" -gt 0 ] || return 0
  (cd "$checked" && hash_files "$@") > "$scratch.hashes" 2> /dev/null || :
  LC_ALL=C awk -v hashes="$scratch.hashes" '
    BEGIN { while ((getline line < hashes) > 0) { file = substr(line, 65); sub(/^[ *]*[.]\//, "", file); hash[file] = substr(line, 1, 64) } }
    hash[substr($0, 67)] == substr($0, 1, 64)' "$check" > "$scratch.same"
  set --
  while IFS= read -r line; do [ "${line#*  }" = model.json ] || set -- "$@" "./${line#*  }"; done < "$scratch.same"
  cat "$scratch.same" >> "$checked_into.${scratch##*.}"
  [ "$#" -gt 0 ] || return 0
  # shellcheck disable=SC2012 # only the column of sizes is read
  printf 'landed %s\n' "$(cd "$checked" && LC_ALL=C ls -ln "$@" | LC_ALL=C awk '{ bytes += $5 } END { printf "%.0f", bytes }')" >&3
}

# <folder> <file>: hashes what is in the folder, and writes the manifest's lines that are right there into the file.
check_folder() {
  checked=$1 checked_into=$2 checked_files=$(wc -l < "$state/manifest")
  event check "\"files\":$checked_files,\"hasher\":\"$hasher\""
  divide "$state/manifest" "$checked_files" "$state/lists"
  rm -f "$2" "$2".*
  run_lists "$state/lists" check_list
  cat /dev/null "$2".* 2> /dev/null > "$2" || :
}

# <folder>: "d <path>" for each folder below it, "f <path>" for anything else. Globs, as find is not in every image, and
# busybox ls spells names anew. No name of a manifest holds a newline.
everything_below() {
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    [ -e "$entry" ] || [ -L "$entry" ] || continue
    case $entry in *"$newline"*) rm -rf "$entry" && continue ;; esac
    if [ -d "$entry" ] && [ ! -L "$entry" ]; then
      printf 'd %s\n' "$entry"
      everything_below "$entry"
    else
      printf 'f %s\n' "$entry"
    fi
  done
}

# <folder> <lines of the manifest>: removes what they do not name, or name as the other of file and folder.
sweep() {
  (export LC_ALL=C && cd "$1" && everything_below .) | LC_ALL=C awk -v named="$2" '
    BEGIN {
      file["./manifest.sha256"] = 1
      while ((getline line < named) > 0) {
        path = "./" substr(line, 67)
        file[path] = 1
        while (sub(/\/[^\/]*$/, "", path) && path != ".") folder[path] = 1
      }
    }
    { path = substr($0, 3); if (!(/^d/ ? path in folder : path in file)) print path }' > "$state/unnamed"
  while IFS= read -r unnamed; do
    rm -rf "${1:?}/$unnamed" 2> /dev/null || die 64 "settings: cannot remove $1/${unnamed#./} as user $(id -u)"
  done < "$state/unnamed"
}

# <folder>: the whole of it, counted anew and independently of what was moved there: sets $files_found, and
# $bytes_found without model.json and the manifest. Names hold no newlines, so each file is one line that begins with "-".
count_files() {
  # shellcheck disable=SC2012 # find is not in every image, and only the columns before the names are read
  counted=$(LC_ALL=C ls -lnAR "$1" | LC_ALL=C awk '/^-/ { files++; bytes += $5 } /^[lpsbc]/ { files += 1000000 } END { printf "%d %.0f", files, bytes }')
  # shellcheck disable=SC2012
  outside=$(LC_ALL=C ls -ln "$1/model.json" "$1/manifest.sha256" 2> /dev/null | LC_ALL=C awk '{ bytes += $5 } END { printf "%.0f", bytes }')
  files_found=${counted%% *} bytes_found=$((${counted#* } - outside))
}

# Whether what was counted is what the manifest and model.json say.
is_whole() {
  expected_files=$(($(wc -l < "$state/manifest") + 1))
  [ "$files_found" = "$expected_files" ] && [ "$bytes_found" = "$total_bytes" ]
}
