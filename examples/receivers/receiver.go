// Answers webhooks. Nothing to install: go run receiver.go 8090
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

var unpaid = map[string]bool{"31612345678": true}

type Call struct {
	CallerNumber *string `json:"caller_number"`
}

// Signed is id.timestamp.body, byte for byte. A GET has no body: in its place stands "GET /path?query".
func believed(key []byte, request *http.Request, body []byte) bool {
	id, stamp := request.Header.Get("webhook-id"), request.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil {
		return false
	}
	if age := time.Since(time.Unix(seconds, 0)); age > 5*time.Minute || age < -5*time.Minute {
		return false
	}
	if request.Method == http.MethodGet {
		body = []byte("GET " + request.RequestURI)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	right := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, given := range strings.Fields(request.Header.Get("webhook-signature")) {
		if hmac.Equal([]byte(given), []byte(right)) {
			return true
		}
	}
	return false
}

func main() {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("WEBHOOK_SECRET"), "whsec_"))
	if err != nil {
		log.Fatal("WEBHOOK_SECRET: after whsec_ comes base64")
	}
	http.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
		writer.Header().Set("Content-Type", "text/plain; charset=utf-8")
		body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, 64*1024))
		if err != nil {
			writer.WriteHeader(http.StatusBadRequest)
			return
		}
		if !believed(key, request, body) {
			writer.WriteHeader(http.StatusUnauthorized)
			return
		}
		var call Call
		if json.Unmarshal(body, &call) != nil || call.CallerNumber == nil {
			writer.WriteHeader(http.StatusBadRequest)
			return
		}
		if unpaid[*call.CallerNumber] {
			io.WriteString(writer, "openstaand")
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
