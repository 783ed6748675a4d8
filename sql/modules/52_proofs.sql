-- Proofs that a client holds a key: DPoP (RFC 9449).

CREATE FUNCTION jwt_auth.verify_proof(proof text, method text, url text, access_token text DEFAULT NULL,
                                      nonce text DEFAULT NULL, OUT jkt text, OUT jti text, OUT iat timestamptz)
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_verify_proof';
COMMENT ON FUNCTION jwt_auth.verify_proof(text, text, text, text, text)
  IS 'Checks a DPoP proof (RFC 9449) for a request and answers the thumbprint of its key. access_token: the proof must be for it. nonce: the proof must have it, or if it is one of proof_nonce() a fresh one. JW015 otherwise. Whether the jti was seen before is for the caller to know';
REVOKE ALL ON FUNCTION jwt_auth.verify_proof(text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION jwt_auth.proof_nonce()
RETURNS text LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'jwt_auth_proof_nonce';
COMMENT ON FUNCTION jwt_auth.proof_nonce()
  IS 'A nonce for DPoP proofs (the header DPoP-Nonce), good for jwt_auth.proof_max_age. Nothing is stored, so a standby makes and knows them too';
REVOKE ALL ON FUNCTION jwt_auth.proof_nonce() FROM PUBLIC;
