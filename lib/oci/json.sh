# Reads JSON without a tool beyond awk: every scalar of it, by its path, as it is spelled there.

# <file>: "<path><tab><value>" for each scalar, such as `/layers/0/digest<tab>"sha256:..."`; fails where it is no JSON.
json_values() {
  LC_ALL=C awk '
    function take(wanted) { if (token[++at] != wanted) exit 1 }
    function string() {
      if (token[++at] !~ /^"([^"\\\001-\037]|\\["\\\/bfnrt]|\\u[0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f])*"$/) exit 1
      return token[at]
    }
    function scalar() {
      if (token[++at] !~ /^(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null)$/) exit 1
      return token[at]
    }
    function members(path, close_with, named,  place, key) {
      at++
      if (token[at + 1] == close_with) { at++; return }
      for (place = 0; ; place++) {
        key = place
        if (named) { key = string(); key = substr(key, 2, length(key) - 2); take(":") }
        value(path "/" key)
        if (token[at + 1] != ",") break
        at++
      }
      take(close_with)
    }
    function value(path,  first) {
      first = substr(token[at + 1], 1, 1)
      if (first == "{") members(path, "}", 1)
      else if (first == "[") members(path, "]", 0)
      else if (first == "\"") print path "\t" string()
      else print path "\t" scalar()
    }
    # Each token becomes a line, and what is between them, which is looked at as one: it fits nowhere. No token of JSON holds the end of a line.
    {
      gsub(/"([^"\\]|\\.)*"|[][{}:,]/, "\n&\n")
      pieces = split($0, piece, "\n")
      for (i = 1; i <= pieces; i++) {
        if (piece[i] !~ /^"/) gsub(/^[ \t\r]+|[ \t\r]+$/, "", piece[i])
        if (piece[i] != "") token[++tokens] = piece[i]
      }
    }
    END { value(""); if (at != tokens) exit 1 }' "$1"
}

# <file of json_values> <path>: the value, nothing where there is none.
json_value() {
  json_path=$2 LC_ALL=C awk -F '\t' '$1 == ENVIRON["json_path"] { print substr($0, length($1) + 2); exit }' "$1"
}

# <file of json_values> <path>: the same for a string, without its quotes.
json_text() {
  json_value "$1" "$2" | sed -n 's/^"\(.*\)"$/\1/p'
}
