#include "acme/problem_table.h"

/* `cert renew` would wait for the next try. */
#define NOW "then `visavis apply` and `visavis cert issue`"
#define TEST_AGAIN " `visavis cert test` tries it all without using up the CA's limits."

const struct problem_def problem_defs[N_PROBLEM_TYPES] = {
    [PROBLEM_NONE] = {"none", "the CA gave no reason", ""},
    [PROBLEM_OTHER] = {"other", "the CA refused", ""},
    [PROBLEM_ACCOUNT_DOES_NOT_EXIST] =
        {"accountDoesNotExist", "the CA does not know our account (any more)",
         "The next run registers a new one; `visavis cert issue` begins it now."},
    [PROBLEM_ALREADY_REPLACED] =
        {"alreadyReplaced", "the certificate to be replaced was replaced by another order already",
         "The next run orders without naming it; `visavis cert issue` begins it now."},
    [PROBLEM_ALREADY_REVOKED] =
        {"alreadyRevoked", "the certificate is revoked already",
         "Nothing is left to revoke; `visavis cert issue` gets another certificate."},
    [PROBLEM_BAD_CSR] =
        {"badCSR", "the CA does not accept the request for the certificate (its key or its names)",
         "Another kind of key may do: `visavis config reference` shows the settings whose names "
         "begin with ACME_." TEST_AGAIN},
    [PROBLEM_BAD_NONCE] = {"badNonce", "the CA kept refusing its own nonces",
                           "This is trouble of the CA; it is tried again later by itself."},
    [PROBLEM_BAD_PUBLIC_KEY] =
        {"badPublicKey",
         "the CA does not accept the public key (weak, known to be compromised, or "
         "of a kind that it does not take)",
         "`visavis cert issue` makes a new key with a new certificate."},
    [PROBLEM_BAD_REVOCATION_REASON] =
        {"badRevocationReason", "the CA does not take this reason for a revocation",
         "Repeat `visavis cert revoke` without a reason, or with another one."},
    [PROBLEM_BAD_SIGNATURE_ALGORITHM] =
        {"badSignatureAlgorithm", "the CA does not take signatures by ES256",
         "RFC 8555 asks every CA to take them: only another CA will do."},
    [PROBLEM_CAA] =
        {"caa", "CAA records in the DNS forbid this CA to issue",
         "Add a CAA record for the domain that names this CA (of Let's Encrypt: `0 issue "
         "\"letsencrypt.org\"`), or remove those that forbid it; `visavis doctor` shows what is "
         "there." TEST_AGAIN},
    [PROBLEM_COMPOUND] = {"compound", "the CA found several faults", ""},
    [PROBLEM_CONNECTION] =
        {"connection", "the CA could not connect to this server",
         "Let the whole Internet reach port 80 (HTTP_PORT must be 80 for http-01) or, for "
         "tls-alpn-01, port 443: open it in this machine's firewall and at the provider, forward "
         "it "
         "in the router, and let every A and AAAA record lead here. `visavis doctor` looks at each "
         "hop." TEST_AGAIN},
    [PROBLEM_DNS] =
        {"dns", "the CA could not look up the name in the DNS",
         "Make an A or AAAA record for the name that leads to this machine, see that all name "
         "servers of the domain answer (also for CAA, without SERVFAIL; DNSSEC valid or off), and "
         "wait until it is known everywhere. `visavis doctor` shows what the DNS says." TEST_AGAIN},
    [PROBLEM_EXTERNAL_ACCOUNT_REQUIRED] =
        {"externalAccountRequired", "the CA serves customers of its own alone",
         "Ask it for a key id and an HMAC key (external account binding), set ACME_EAB_KID and "
         "ACME_EAB_HMAC_KEY (for the second CA ACME_FALLBACK_EAB_KID and "
         "ACME_FALLBACK_EAB_HMAC_KEY) to them, " NOW "."},
    [PROBLEM_INCORRECT_RESPONSE] =
        {"incorrectResponse", "the CA reached a server, but found another answer than our proof",
         "See that the name's A and AAAA records lead to this machine alone, and that no proxy, "
         "CDN or other web server answers in its place; for dns-01, that the TXT record is at all "
         "name servers. `visavis doctor` names who answers." TEST_AGAIN},
    [PROBLEM_INVALID_CONTACT] = {"invalidContact", "the CA does not take the e-mail address",
                                 "Set LETSENCRYPT_EMAIL to an address of yours that receives mail "
                                 "(not one of example.com), "
                                 "or leave it empty, " NOW "."},
    [PROBLEM_INVALID_PROFILE] = {"invalidProfile",
                                 "the CA does not have that profile, or not for these names",
                                 "Set ACME_PROFILE to one that the CA has, or leave it empty, " NOW
                                 "."},
    [PROBLEM_MALFORMED] =
        {"malformed", "the CA does not accept the form of the request",
         "See that the names are what this CA issues for (DOMAIN_OR_PUBLIC_IP)." TEST_AGAIN},
    [PROBLEM_ORDER_NOT_READY] =
        {"orderNotReady", "the CA does not have the order ready to be finalised",
         "It is tried again later by itself; `visavis cert issue` does it now."},
    [PROBLEM_RATE_LIMITED] =
        {"rateLimited", "the CA's rate limit is reached",
         "Until it allows more, nothing needs to be done: the next run comes by itself, and the "
         "present certificate is served meanwhile. `visavis cert test` finds other faults without "
         "using up more of the limit."},
    [PROBLEM_REJECTED_IDENTIFIER] =
        {"rejectedIdentifier", "the CA does not issue for this name, by its policy",
         "Public CAs issue for public names and addresses alone, and some names are blocked: "
         "choose "
         "another DOMAIN_OR_PUBLIC_IP, or CERTIFICATE_TYPE=owncert or selfsigned."},
    [PROBLEM_SERVER_INTERNAL] =
        {"serverInternal", "the CA has trouble of its own",
         "It is tried again later by itself; `visavis cert issue` does it now."},
    [PROBLEM_TLS] =
        {"tls", "the CA met an error of TLS when it looked for the proof",
         "For tls-alpn-01, port 443 must lead to this machine without a proxy or CDN that ends "
         "TLS; "
         "ACME_CHALLENGE=http-01 does without. `visavis doctor` looks at each hop." TEST_AGAIN},
    [PROBLEM_UNAUTHORIZED] =
        {"unauthorized", "the CA did not find our proof, or the account may not do that",
         "See that the name's A and AAAA records lead to this machine alone, and that no proxy, "
         "CDN or other web server answers in its place; for dns-01, that the TXT record is at all "
         "name servers. `visavis doctor` names who answers." TEST_AGAIN},
    [PROBLEM_UNSUPPORTED_CONTACT] =
        {"unsupportedContact", "the CA does not take contacts of that kind",
         "Set LETSENCRYPT_EMAIL to an e-mail address, or leave it empty, " NOW "."},
    [PROBLEM_UNSUPPORTED_IDENTIFIER] =
        {"unsupportedIdentifier", "the CA does not issue for this kind of name",
         "An IP address needs a CA that issues for addresses, often by a profile of its own "
         "(ACME_PROFILE=shortlived); a host name as DOMAIN_OR_PUBLIC_IP does everywhere."},
    [PROBLEM_USER_ACTION_REQUIRED] =
        {"userActionRequired", "the CA wants something to be agreed to or done on its pages before",
         "Do what it asks for at the address that it told, then `visavis cert issue`."},
};
