package xivosim_test

import (
	"fmt"
	"net/http"

	"xivosync/targets/xivo/xivosim"
)

// Confd wants a token, which srv.AuthURL gives; this request has none.
func ExampleSim_Listen() {
	sim := xivosim.New(xivosim.Options{Username: "xivosync", Password: "secret"})
	srv, err := sim.Listen(xivosim.Addresses{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	resp, err := http.Get(srv.URL + "/1.1/infos")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode, sim.Counts())
	// Output: 401 {1 0}
}
