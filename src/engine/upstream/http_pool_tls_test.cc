// SPDX-License-Identifier: Apache-2.0
// The pool over TLS: whom it trusts, and that nothing is said to those it does not.
#include "engine/upstream/http_pool.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

namespace tutti::engine {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};

std::string pem_of(auto write) {
    const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
    write(bio.get());
    char* text = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

// A certificate that vouches for itself and for 127.0.0.1.
struct Identity {
    Identity() {
        const std::unique_ptr<EVP_PKEY, Free> pair(EVP_EC_gen("P-256"));
        const std::unique_ptr<X509, Free> made(X509_new());
        auto* x509 = made.get();
        X509_set_version(x509, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
        X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
        X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
        X509_set_pubkey(x509, pair.get());
        auto* name = X509_get_subject_name(x509);
        const auto* text = reinterpret_cast<const unsigned char*>("upstream test");
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
        X509_set_issuer_name(x509, name);
        add(x509, NID_subject_alt_name, "IP:127.0.0.1");
        add(x509, NID_basic_constraints, "critical,CA:TRUE");
        X509_sign(x509, pair.get(), EVP_sha256());
        certificate = pem_of([&](BIO* bio) { PEM_write_bio_X509(bio, x509); });
        key = pem_of([&](BIO* bio) {
            PEM_write_bio_PrivateKey(bio, pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }
    static void add(X509* x509, int nid, const char* value) {
        auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
        X509_add_ext(x509, extension, -1);
        X509_EXTENSION_free(extension);
    }
    std::string certificate;
    std::string key;
};

// Serves one connection after the other until it is destroyed.
class TlsServer {
  public:
    explicit TlsServer(const Identity& identity) {
        context_.use_certificate_chain(asio::buffer(identity.certificate));
        context_.use_private_key(asio::buffer(identity.key), asio::ssl::context::pem);
        thread_ = std::thread([this] { run(); });
    }
    ~TlsServer() {
        is_stopping_ = true;
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        thread_.join();
    }
    std::string url() const {
        return "https://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/";
    }
    int requests() const { return requests_; }

  private:
    void run() {
        for (;;) {
            boost::system::error_code error;
            auto socket = acceptor_.accept(error);
            if (is_stopping_ || error) return;
            asio::ssl::stream<Tcp::socket> stream(std::move(socket), context_);
            stream.handshake(asio::ssl::stream_base::server, error);
            if (!error) answer(stream);
        }
    }
    void answer(asio::ssl::stream<Tcp::socket>& stream) {
        boost::beast::flat_buffer buffer;
        boost::system::error_code error;
        http::request<http::string_body> request;
        http::read(stream, buffer, request, error);
        if (error) return;
        ++requests_;
        http::response<http::string_body> response(http::status::ok, 11);
        response.body() = "hello";
        response.keep_alive(false);
        response.prepare_payload();
        http::write(stream, response, error);
        stream.shutdown(error);
    }

    asio::io_context loop_;
    Tcp::acceptor acceptor_{loop_, {asio::ip::address_v4::loopback(), 0}};
    asio::ssl::context context_{asio::ssl::context::tls_server};
    std::atomic<bool> is_stopping_ = false;
    std::atomic<int> requests_ = 0;
    std::thread thread_;
};

class HttpPoolTls : public testing::Test {
  protected:
    void SetUp() override {
        auto name = testing::TempDir() + "tls-XXXXXX";
        ASSERT_TRUE(::mkdtemp(name.data()));
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string file_of(const Identity& identity) {
        const auto path = folder_ / "ca.pem";
        std::ofstream(path) << identity.certificate;
        return path.string();
    }
    static Result<HttpReply> post(const std::string& url, const std::string& ca_file) {
        HttpPool pool({.name = "test",
                       .connect_timeout = std::chrono::seconds(60),
                       .read_timeout = std::chrono::seconds(60),
                       .total_timeout = std::chrono::seconds(60),
                       .ca_file = ca_file,
                       .retry = {.retries = 0}});
        return pool.begin({.url = url, .headers = {"Authorization: Bearer sk"}}).get();
    }
    std::filesystem::path folder_;
};

TEST_F(HttpPoolTls, TalksToWhomTheCaFileVouchesFor) {
    const Identity identity;
    TlsServer server(identity);
    const auto reply = post(server.url(), file_of(identity));
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply->body, "hello");
}

TEST_F(HttpPoolTls, SaysNothingToWhomNobodyVouchesFor) {
    const Identity identity;
    TlsServer server(identity);
    for (const auto& ca_file : {std::string(), file_of(Identity())}) {
        const auto reply = post(server.url(), ca_file);
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().errc(), Errc::internal);
        EXPECT_EQ(reply.error().context, "the certificate of the upstream server is not trusted");
    }
    EXPECT_EQ(server.requests(), 0);
}

TEST_F(HttpPoolTls, AMissingCaFileIsAFaultOfOurs) {
    const Identity identity;
    TlsServer server(identity);
    const auto reply = post(server.url(), (folder_ / "missing.pem").string());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().errc(), Errc::internal);
    EXPECT_EQ(server.requests(), 0);
}

}  // namespace
}  // namespace tutti::engine
