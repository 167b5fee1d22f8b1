from django.db import models


class Conversation(models.Model):
    title = models.CharField(max_length=200)


class UserStatus(models.Model):
    user_ref = models.CharField(max_length=64, unique=True)
    online = models.BooleanField(default=False)
