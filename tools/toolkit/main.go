// A reference for the web configuration file: serves with each file that it is given, on the toolkit itself,
// and says on standard output, one JSON object a line, where it does or why it does not.
package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/prometheus/exporter-toolkit/web"
)

// An outcome has an address where the toolkit serves with the file, or else its reason not to.
type outcome struct {
	File    string `json:"file"`
	Address string `json:"address,omitempty"`
	Error   string `json:"error,omitempty"`
}

// A listener says that it is served: a file is accepted once somebody wants connections.
type served struct {
	net.Listener
	once sync.Once
	tell func()
}

func (l *served) Accept() (net.Conn, error) {
	l.once.Do(l.tell)
	return l.Listener.Accept()
}

func main() {
	var told sync.Mutex
	out := json.NewEncoder(os.Stdout)
	tell := func(o outcome) {
		told.Lock()
		defer told.Unlock()
		_ = out.Encode(o)
	}
	for _, file := range os.Args[1:] {
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tell(outcome{File: file, Error: err.Error()})
			continue
		}
		l := &served{Listener: inner, tell: func() { tell(outcome{File: file, Address: inner.Addr().String()}) }}
		go func() {
			if err := serve(l, file); err != nil {
				tell(outcome{File: file, Error: err.Error()})
			}
		}()
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, os.Interrupt, syscall.SIGTERM)
	<-end
}

func serve(l net.Listener, file string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "served") })
	addresses, systemd := []string{l.Addr().String()}, false
	flags := &web.FlagConfig{WebListenAddresses: &addresses, WebSystemdSocket: &systemd, WebConfigFile: &file}
	return web.Serve(l, &http.Server{Handler: mux}, flags, slog.New(slog.NewTextHandler(os.Stderr, nil)))
}
