// A small replacement for kindnetd: it writes the node's CNI configuration from its podCIDR and keeps one route to each other
// node. It does not enforce NetworkPolicies and does not support IPv6.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/vishvananda/netlink"
)

const (
	account  = "/var/run/secrets/kubernetes.io/serviceaccount/"
	confFile = "/etc/cni/net.d/10-kindnet.conflist"
	conf     = `{"cniVersion":"0.3.1","name":"kindnet","plugins":[
{"type":"ptp","ipMasq":false,"mtu":1500,"ipam":{"type":"host-local","dataDir":"/run/cni-ipam-state","routes":[{"dst":"0.0.0.0/0"}],"ranges":[[{"subnet":%q}]]}},
{"type":"portmap","capabilities":{"portMappings":true}}]}
`
)

type nodeList struct {
	Items []struct {
		Metadata struct{ Name string }
		Spec     struct{ PodCIDR string }
		Status   struct {
			Addresses []struct{ Type, Address string }
		}
	}
}

func main() {
	ca, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	self, err := os.Hostname() // on the host network this is the node's name
	if err != nil {
		log.Fatal(err)
	}
	have := map[string]string{}
	for ; ; time.Sleep(time.Second) {
		nodes, err := list(client)
		if err != nil {
			log.Print(err)
			continue
		}
		keepRoutes(have, apply(nodes, self))
	}
}

func list(client *http.Client) (nodes nodeList, err error) {
	token, err := os.ReadFile(account + "token") // it rotates, so read it each time
	if err != nil {
		return nodes, err
	}
	host := net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
	request, err := http.NewRequest("GET", "https://"+host+"/api/v1/nodes", nil)
	if err != nil {
		return nodes, err
	}
	request.Header.Set("Authorization", "Bearer "+string(token))
	response, err := client.Do(request)
	if err != nil {
		return nodes, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(response.Body)
		return nodes, fmt.Errorf("%s: %s", response.Status, body)
	}
	return nodes, json.NewDecoder(response.Body).Decode(&nodes)
}

// apply writes this node's configuration and returns the gateway for the pod network of every other node.
func apply(nodes nodeList, self string) map[string]string {
	want := map[string]string{}
	for _, node := range nodes.Items {
		switch {
		case node.Spec.PodCIDR == "":
		case node.Metadata.Name == self:
			if err := writeConf(node.Spec.PodCIDR); err != nil {
				log.Print(err)
			}
		default:
			for _, address := range node.Status.Addresses {
				if address.Type == "InternalIP" {
					want[node.Spec.PodCIDR] = address.Address
					break
				}
			}
		}
	}
	return want
}

func keepRoutes(have, want map[string]string) {
	for cidr, gateway := range want {
		_, network, err := net.ParseCIDR(cidr)
		if err != nil {
			log.Print(err)
			continue
		}
		if err := netlink.RouteReplace(&netlink.Route{Dst: network, Gw: net.ParseIP(gateway)}); err != nil {
			log.Print("route ", cidr, " via ", gateway, ": ", err)
		} else if have[cidr] != gateway {
			log.Print("route ", cidr, " via ", gateway)
			have[cidr] = gateway
		}
	}
	for cidr := range have {
		if want[cidr] == "" {
			_, network, _ := net.ParseCIDR(cidr)
			log.Print("route ", cidr, " removed: ", netlink.RouteDel(&netlink.Route{Dst: network}))
			delete(have, cidr)
		}
	}
}

// writeConf renames the file into place, because the kubelet reads it as soon as it exists.
func writeConf(cidr string) error {
	text := fmt.Sprintf(conf, cidr)
	if old, err := os.ReadFile(confFile); err == nil && string(old) == text {
		return nil
	}
	log.Print("writing ", confFile, " for ", cidr)
	if err := os.WriteFile(confFile+".tmp", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(confFile+".tmp", confFile)
}
