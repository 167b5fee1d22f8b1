from django.contrib.contenttypes.models import ContentType
from django.http import JsonResponse
from django.urls import path
from messages_sys.models import Conversation, UserStatus


def messages(request, language):
    """Who is there, and what was said: of the tenant that the host names."""
    return JsonResponse(
        {
            "tenant": request.tenant.schema_name,
            "online": list(UserStatus.objects.values_list("user_ref", flat=True)),
            "conversations": list(Conversation.objects.values_list("title", flat=True)),
        }
    )


def kinds(request, language):
    """Rows of a table that the public schema has, too."""
    return JsonResponse({"kinds": ContentType.objects.count()})


urlpatterns = [
    path("<slug:language>/app/messages/", messages),
    path("<slug:language>/app/kinds/", kinds),
]
