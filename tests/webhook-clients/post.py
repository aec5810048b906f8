"""Posts to a hook with each client, unmodified. usage: post.py CLIENT URL (PYTHONPATH names the folder of the clients)"""

import sys
from urllib.parse import urlsplit


def slack_sdk(url):
    from slack_sdk.models.blocks import DividerBlock, HeaderBlock, SectionBlock
    from slack_sdk.webhook import WebhookClient

    client = WebhookClient(url)
    answer = client.send(text="*hello* from <https://slack.dev|slack_sdk>")
    assert (answer.status_code, answer.body) == (200, "ok"), answer.body
    blocks = [HeaderBlock(text="A header"), DividerBlock(), SectionBlock(fields=["*Field*\n1 &lt; 2", "another"])]
    answer = client.send(text="fallback of slack_sdk", blocks=blocks)
    assert (answer.status_code, answer.body) == (200, "ok"), answer.body
    answer = client.send(text="")
    assert (answer.status_code, answer.body) == (400, "no_text"), answer.body
    answer = WebhookClient(url + "x").send(text="nobody")
    assert (answer.status_code, answer.body) == (404, "no_service"), answer.body


def apprise(url):
    import apprise

    parts = urlsplit(url)
    token = parts.path.removeprefix("/hooks/")
    for service in (f"mmost://Apprise@{parts.netloc}/{token}", f"json://{parts.netloc}{parts.path}?method=POST&:message=text"):
        to = apprise.Apprise()
        assert to.add(service), service
        assert to.notify(title="A title", body=f"of {service.split(':')[0]} by apprise"), service


def mattermostdriver(url):
    from mattermostdriver import Driver
    from mattermostdriver.exceptions import InvalidOrMissingParameters, ResourceNotFound

    parts = urlsplit(url)
    driver = Driver({"url": parts.hostname, "port": parts.port, "scheme": parts.scheme, "token": "unused"})
    hook = parts.path.removeprefix("/hooks/")
    attachment = {"color": "#00ff00", "title": "An attachment", "fields": [{"title": "n", "value": "1", "short": True}]}
    options = {"text": "hello from mattermostdriver", "username": "Mattermost", "attachments": [attachment]}
    answer = driver.webhooks.call_webhook(hook, options=options)
    assert answer.text == "ok", answer.text
    for path, body, error in ((hook, {"text": ""}, InvalidOrMissingParameters), ("none", options, ResourceNotFound)):
        try:
            driver.webhooks.call_webhook(path, options=body)
        except error:
            continue
        raise AssertionError(f"{error.__name__} is expected")


globals()[sys.argv[1]](sys.argv[2])
