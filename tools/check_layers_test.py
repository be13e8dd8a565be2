#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What check_layers.py must find, and what it must let pass."""
import unittest

from check_layers import faults_of, read_layers

LAYERS = read_layers("""
tutti_layer(base       USES "" PARTS spdlog)
tutti_layer(proto      USES base)
tutti_layer(policy     USES base proto)
tutti_layer(gateway    USES base proto policy PARTS beast json)
""")


def faults(folder, text, name="x.cc"):
    return [what for _, what in faults_of(folder, name, text, LAYERS)]


class CheckLayers(unittest.TestCase):
    def test_reads_the_layer_lines(self):
        self.assertEqual(LAYERS["base"], {"base"})
        self.assertEqual(LAYERS["gateway"], {"base", "proto", "policy", "gateway"})

    def test_an_include_goes_only_where_the_line_allows(self):
        self.assertEqual(faults("gateway", '#include "policy/x.h"\n'), [])
        self.assertEqual(faults("gateway", '#include "gateway/y.h"\n'), [])
        self.assertEqual(len(faults("policy", '#include "gateway/x.h"\n')), 1)
        self.assertEqual(len(faults("base", '  #  include "proto/x.h"\n')), 1)

    def test_pure_folders_know_neither_asio_nor_the_system(self):
        for header in ("boost/asio/ip/tcp.hpp", "boost/beast.hpp", "unistd.h", "sys/socket.h"):
            self.assertEqual(len(faults("policy", f"#include <{header}>\n")), 1, header)
            self.assertEqual(faults("gateway", f"#include <{header}>\n"), [], header)
        self.assertEqual(faults("policy", "#include <signal.h>\n", "x_test.cc"), [])
        self.assertEqual(faults("policy", "#include <boost/json.hpp>\n"), [])

    def test_comments_do_not_count(self):
        self.assertEqual(faults("policy", '// #include "gateway/x.h"\n'), [])
        self.assertEqual(faults("gateway", "/* asio::detached */ // asio::detached\n"), [])

    def test_coroutines_need_an_owner_and_a_name(self):
        self.assertEqual(len(faults("gateway", "co_spawn(loop, run(), asio::detached);")), 1)
        lambdas = ("[this]() -> asio::awaitable<void> {", "[&] -> boost::asio::awaitable<int> {",
                   "[x](Channel& c, std::function<void()> f) mutable -> awaitable<void> {")
        for text in lambdas:
            self.assertEqual(len(faults("gateway", text)), 1, text)
        self.assertEqual(faults("gateway", "[](Channel& c) -> asio::awaitable<void> {"), [])
        self.assertEqual(faults("gateway", "auto read() -> asio::awaitable<void>;"), [])


if __name__ == "__main__":
    unittest.main()
