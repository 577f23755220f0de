// Print what Go's SDK v2 reads of one profile from each AWS config file: [path, profile] pairs on stdin.
package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
)

func read(path, profile string) map[string]string {
	found, err := config.LoadSharedConfigProfile(context.Background(), profile,
		func(options *config.LoadSharedConfigOptions) {
			options.ConfigFiles = []string{path}
			options.CredentialsFiles = []string{}
		})
	if err != nil {
		return map[string]string{"error": err.Error()}
	}
	return map[string]string{"region": found.Region, "credential_process": found.CredentialProcess}
}

func main() {
	var asked [][2]string
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	answers := []map[string]string{}
	for _, each := range asked {
		answers = append(answers, read(each[0], each[1]))
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		panic(err)
	}
}
