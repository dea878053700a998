# Accounts at the CA: with and without contact, bound to a customer, with a new key, gone.
# shellcheck shell=bash disable=SC2154

run_accounts() {
    test_case 'one account for many certificates; the contact is told, and told again when it is another' account_contact
    test_case 'no contact where the e-mail address is a placeholder' account_without_contact
    test_case 'a contact that the CA does not take: an account without' account_refused_contact
    test_case 'external account binding: right, missing, wrong' account_bound
    test_case 'a new key, then another certificate' account_rollover
    test_case 'deactivated: a new account for the next certificate' account_deactivated
    test_case 'forgotten by the CA: made again' account_forgotten
}

accounts_are() {
    local n
    n=$(bed_front count newAccount '.status == 201')
    expect "$1 accounts were made, not $n" [ "$n" = "$1" ]
}

contact_is() { expect "the contact is $1" [ "$(bed_front requests "[.[] | select($2)] | last | .payload.contact" | tr -d ' \n')" = "$1" ]; }

account_contact() {
    fresh
    issues && accounts_are 1 && contact_is '["mailto:admin@meet.example.org"]' '.kind == "newAccount"' || return 1
    issues && accounts_are 1 || return 1
    settings LETSENCRYPT_EMAIL=other@meet.example.org
    issues && accounts_are 1 && contact_is '["mailto:other@meet.example.org"]' '.kind == "account"' &&
        expect 'the key is private' [ -z "$(find "$vault/accounts" -type f -perm /077)" ]
}

account_without_contact() {
    fresh LETSENCRYPT_EMAIL=
    issues && contact_is null '.kind == "newAccount"' || return 1
    fresh LETSENCRYPT_EMAIL=user@example.com
    issues && contact_is null '.kind == "newAccount"'
}

account_refused_contact() {
    fresh
    bed_front fail newAccount 400 invalidContact
    issues && accounts_are 1 && contact_is null '.kind == "newAccount"' && says admin@meet.example.org
}

account_bound() {
    local key=zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W result=0
    bed_pebble "{\"externalAccountBindingRequired\": true, \"externalAccountMACKeys\": {\"kid-1\": \"$key\"}}" || return 1
    account_bound_all "$key" || result=1
    bed_pebble && return $result
}

account_bound_all() {
    fresh
    cert issue
    fails && says ACME_EAB_KID && orders_are 0 && accounts_are 0 || return 1
    cert status
    says ACME_EAB_KID || return 1
    settings ACME_EAB_KID=kid-1 ACME_EAB_HMAC_KEY="${1%Q12W}WWWW"
    cert issue
    fails && says ACME_EAB && accounts_are 0 && orders_are 0 || return 1
    settings ACME_EAB_KID=kid-2 ACME_EAB_HMAC_KEY="$1"
    cert issue
    fails && accounts_are 0 && orders_are 0 || return 1
    settings ACME_EAB_KID=kid-1 ACME_EAB_HMAC_KEY="$1"
    issues && accounts_are 1 && says_not "$1"
}

# The thumbprint of the account's key that signed the last request of a kind: its url is the same.
signer_of() { bed_front requests "[.[] | select(.kind == \"$1\")] | last | .protected.kid"; }

account_rollover() {
    local before keys
    fresh
    issues || return 1
    before=$(signer_of newOrder)
    keys=$(find "$vault/accounts" -name privkey.pem -exec sha256sum {} + | cut -d' ' -f1 | sort)
    cert account rollover
    ends_with 0 && expect 'the CA was asked' [ "$(bed_front count keyChange '.status == 200')" = 1 ] &&
        expect 'another key' [ "$(find "$vault/accounts" -path '*/current/*' -prune -o -name privkey.pem -exec sha256sum {} + |
            cut -d' ' -f1 | sort)" != "$keys" ] || return 1
    issues && accounts_are 1 && expect 'the same account' [ "$(signer_of newOrder)" = "$before" ]
}

account_deactivated() {
    fresh
    issues || return 1
    cert account deactivate
    ends_with 0 && expect 'the CA was told' [ "$(bed_front count account '.payload.status == "deactivated" and .status == 200')" = 1 ] || return 1
    # The certificate goes on.
    serves_issued || return 1
    cert renew
    ends_with 0 && orders_are 1 && accounts_are 1 || return 1
    issues && accounts_are 2 || return 1
    # Not by us: the CA says that it is none any more.
    deactivate_behind && issues && accounts_are 3
}

# As the CA's staff would: by the very request that the verb makes, with the files put back.
deactivate_behind() {
    cp -a "$vault" "$work/vault-before"
    cert account deactivate
    ends_with 0 || return 1
    rm -rf "$vault"
    mv "$work/vault-before" "$vault"
}

account_forgotten() {
    local old
    fresh
    issues || return 1
    old=$(serial)
    bed_pebble || return 1
    issues && accounts_are 2 && expect 'another certificate' [ "$(serial)" != "$old" ]
}
