"""The common runtime: credentials and signature are its own, and one request to STS carries them."""

import os
import re
import urllib.request

from awscrt.auth import (
    AwsCredentialsProvider,
    AwsSignatureType,
    AwsSigningAlgorithm,
    AwsSigningConfig,
    aws_sign_request,
)
from awscrt.http import HttpHeaders, HttpRequest
from repeated import repeat

URL = os.environ["AWS_ENDPOINT_URL_STS"]
QUERY = "/?Action=GetCallerIdentity&Version=2011-06-15"
LIMIT_S = 20
provider = AwsCredentialsProvider.new_default_chain()


def identity():
    """Return the ARN that STS answers to a signed request."""
    credentials = provider.get_credentials().result(LIMIT_S)
    host = URL.partition("://")[2]
    request = HttpRequest("GET", QUERY, HttpHeaders([("Host", host)]))
    signing = AwsSigningConfig(
        algorithm=AwsSigningAlgorithm.V4,
        signature_type=AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=AwsCredentialsProvider.new_static(
            credentials.access_key_id, credentials.secret_access_key, credentials.session_token
        ),
        region="us-east-1",
        service="sts",
    )
    signed = aws_sign_request(request, signing).result(LIMIT_S)
    sent = urllib.request.Request(URL + QUERY, headers=dict(signed.headers))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(sent, timeout=LIMIT_S) as answer:
        return re.search(r"<Arn>(.*?)</Arn>", answer.read().decode())[1]


repeat(identity)
