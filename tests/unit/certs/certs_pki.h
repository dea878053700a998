/* A small CA of openssl(1) for the tests of certs/, and what is served held against its work. */
#pragma once

#include "certs_kit.h"

/* A root, an intermediate and a leaf for the names; $SAN, $KEY, $EXT, $MD, $BEGIN, $END change the
 * leaf. */
static const char pki[] =
    "NB=20270101000000Z; NA=20270601000000Z; : ${SAN:=DNS:video.example.org}\n"
    ": ${KEY:=EC -pkeyopt ec_paramgen_curve:P-256}; : ${MD:=sha256}\n"
    "key() { o=$1; shift; openssl genpkey -algorithm $* -out $o; }\n"
    "cat >c <<'X'\n"
    "[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nserial=serial\npolicy=p\n"
    "unique_subject=no\n[p]\nCN=supplied\n"
    "X\n"
    "printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=keyCertSign\\n"
    "subjectKeyIdentifier=hash\\n' >e.ca\n"
    "printf \"basicConstraints=CA:FALSE\\n${SAN:+subjectAltName=$SAN\\n}$EXT\\n\" >e.leaf\n"
    "sign() { openssl ca -config c -batch -notext -md $1 -startdate ${7:-$NB} -enddate ${6:-$NA} "
    "-in $2.csr -out $2.crt -extfile $3 $4 $5 -rand_serial; }\n"
    "test -e root.crt || { : >index; for n in root mid; do\n"
    "key $n.key EC -pkeyopt ec_paramgen_curve:P-256\n"
    "openssl req -new -key $n.key -subj \"/CN=Test $n\" -out $n.csr; done\n"
    "sign sha256 root e.ca '-selfsign -keyfile' root.key &&\n"
    "sign sha256 mid e.ca '-cert root.crt -keyfile' root.key; } &&\n"
    "key leaf.key $KEY &&\n"
    "openssl req -new -key leaf.key -subj '/CN=video.example.org' -out leaf.csr &&\n"
    "sign $MD leaf e.leaf '-cert mid.crt -keyfile' mid.key ${END:-$NA} $BEGIN &&\n"
    "cat leaf.crt mid.crt >own/certificate.cert && cp leaf.key own/certificate.key &&\n"
    "chmod 600 own/certificate.key\n";

static inline void make_own(const struct kit *k, const char *variables)
{
    assert_int_equal(kit_sh(k, "%s\n%s", variables, pki), 0);
}

static inline void assert_is_served(const struct kit *k, const char *cert)
{
    assert_int_equal(kit_sh(k,
                            "openssl x509 -in %s -outform der >a && openssl x509 -in "
                            "store/live/fullchain.pem -outform der >b && cmp a b && "
                            "openssl x509 -in store/live/fullchain.pem -noout -pubkey >a && "
                            "openssl pkey -in store/live/privkey.pem -pubout >b && cmp a b",
                            cert),
                     0);
}
