from pydantic import BaseModel, Field


class Index(BaseModel):
    name: str
    version: str
    documentation: str = Field(description="A page to read and try the API.")
    openapi: str = Field(description="The API's description for machines.")
    links: dict[str, str] = Field(description="The lists.")
    examples: list[str] = Field(description="Addresses of examples in the seed.")


class Health(BaseModel):
    status: str
