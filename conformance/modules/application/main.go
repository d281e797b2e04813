// Stands for an inference server in conformance tests: it starts with whatever arguments the server would get, answers its probes, and tells what its
// container sees. It ends at once where a path below /mnt among its arguments holds no file: a server that starts before its model would do the same.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := checkModels(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	http.HandleFunc("/", func(response http.ResponseWriter, _ *http.Request) { answer(response, "ok") })
	http.HandleFunc("/files", func(response http.ResponseWriter, request *http.Request) {
		files, err := filesUnder(request.FormValue("under"))
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		answer(response, files)
	})
	http.HandleFunc("/try", func(response http.ResponseWriter, request *http.Request) {
		answer(response, try(request.FormValue("write"), request.FormValue("read")))
	})
	http.HandleFunc("/env", func(response http.ResponseWriter, _ *http.Request) { answer(response, environmentNames()) })
	address := ":" + port(os.Args[1:])
	fmt.Println("serving on", address)
	fmt.Fprintln(os.Stderr, http.ListenAndServe(address, nil))
	os.Exit(1)
}

// The paths among values like `/mnt/a`, `--model=/mnt/a`, and `a=/mnt/a,b=/mnt/b`.
func checkModels(arguments []string) error {
	for _, argument := range arguments {
		for _, value := range strings.FieldsFunc(argument, func(each rune) bool { return each == '=' || each == ',' }) {
			if !strings.HasPrefix(value, "/mnt/") {
				continue
			}
			files, err := filesUnder(value)
			if err != nil {
				return err
			}
			if len(files) == 0 {
				return fmt.Errorf("%s holds no file: this was started before its model was there", value)
			}
			fmt.Println(value, "holds", len(files), "files")
		}
	}
	return nil
}

func port(arguments []string) string {
	for at, argument := range arguments {
		for _, flag := range []string{"--port", "--http-port"} {
			if value, found := strings.CutPrefix(argument, flag+"="); found {
				return value
			}
			if argument == flag && at+1 < len(arguments) {
				return arguments[at+1]
			}
		}
	}
	return "8000"
}

type file struct {
	Path   string `json:"path"`
	Mode   string `json:"mode"`
	Size   int64  `json:"size"`
	Sha256 string `json:"sha256"`
}

func filesUnder(folder string) ([]file, error) {
	files := []file{}
	// The slash follows a link, as that of a modelcar. It leads through another process: by its text it can't be resolved.
	err := filepath.WalkDir(folder+"/", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		digest, size, err := hash(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		files = append(files, file{name, fmt.Sprintf("%04o", info.Mode().Perm()), size, digest})
		return err
	})
	return files, err
}

func hash(path string) (string, int64, error) {
	reader, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer reader.Close()
	digest := sha256.New()
	size, err := io.Copy(digest, reader)
	return hex.EncodeToString(digest.Sum(nil)), size, err
}

type attempt struct {
	Done  bool   `json:"done"`
	Error string `json:"error"`
}

func try(write string, read string) attempt {
	var err error
	if write != "" {
		var writer *os.File
		if writer, err = os.OpenFile(write, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644); err == nil {
			err = writer.Close()
		}
	} else {
		_, err = os.ReadFile(read)
	}
	if err != nil {
		return attempt{false, err.Error()}
	}
	return attempt{true, ""}
}

func environmentNames() []string {
	names := []string{}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		names = append(names, name)
	}
	return names
}

func answer(response http.ResponseWriter, value any) {
	response.Header().Set("content-type", "application/json")
	json.NewEncoder(response).Encode(value)
}
