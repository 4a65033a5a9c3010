package app

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// friendlyName returns the name of a new profile, such as "Amber Otter". It is
// derived from the device ID, so it stays with the identity, and says nothing about
// user or host.
func friendlyName(id DeviceID) string {
	sum := sha256.Sum256(append([]byte("yonder friendly name"), id[:]...))
	first := binary.BigEndian.Uint32(sum[0:]) % uint32(len(adjectives))
	second := binary.BigEndian.Uint32(sum[4:]) % uint32(len(animals))
	return adjectives[first] + " " + animals[second]
}

var adjectives = strings.Fields(`
	Agile Amber Azure Bold Brave Breezy Bright Brisk Bronze Calm Candid Cedar Cheerful Clever Coral Cosmic
	Crimson Crisp Curious Dapper Daring Eager Early Earnest Easy Emerald Fair Fleet Fond Frosty Gentle Glad
	Golden Grand Hazel Honest Humble Indigo Ivory Jade Jolly Keen Kind Lively Lucky Lunar Maple Mellow
	Merry Mild Misty Modest Nimble Noble Olive Opal Patient Pearl Placid Plucky Polite Proud Quick Quiet
	Rapid Ready Royal Ruby Rustic Sandy Scarlet Serene Silver Sincere Smart Snowy Solar Spry Steady Sunny
	Swift Teal Tidy Topaz Tranquil Trusty Velvet Violet Vivid Warm Wise Witty Woody Young Zesty Zippy`)

var animals = strings.Fields(`
	Alpaca Antelope Badger Beaver Bison Bobcat Buffalo Camel Caribou Cheetah Condor Coyote Crane Cricket Curlew Deer
	Dingo Dolphin Dove Dragonfly Duck Eagle Egret Elk Falcon Ferret Finch Firefly Fox Gazelle Gecko Giraffe
	Goose Grouse Gull Hamster Hare Hawk Hedgehog Heron Ibex Ibis Iguana Impala Jackal Jaguar Kestrel Kingfisher
	Kiwi Koala Ladybird Lark Lemur Leopard Linnet Lion Lizard Llama Lynx Magpie Marmot Marten Meerkat Mole
	Moose Moth Newt Ocelot Octopus Oriole Osprey Otter Owl Panda Parrot Pelican Penguin Pheasant Plover Pony
	Puffin Quail Rabbit Raccoon Raven Reindeer Robin Salmon Seal Sparrow Squirrel Starling Stork Swallow Swan Tapir
	Tern Tiger Toucan Turtle Vole Walrus Wombat Woodpecker Wren Yak Zebra`)
